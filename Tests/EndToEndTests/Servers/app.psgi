# The application for Starman.
use strict;
use warnings;
use Digest::MD5;

sub {
    my ($env) = @_;
    my $path = $env->{PATH_INFO};
    my @type = ('Content-Type' => 'text/plain');
    if ($path eq '/echo') {
        my ($count, $digest) = (0, Digest::MD5->new);
        while ($env->{'psgi.input'}->read(my $part, 1 << 16)) {
            $count += length $part;
            $digest->add($part);
        }
        return [200, [@type], ["$count " . $digest->hexdigest . "\n"]];
    }
    if ($path eq '/download') {
        return sub {
            my $writer = $_[0]->([200, [@type]]);
            $writer->write('x' x (1 << 16)) for 1 .. 320;
            $writer->close;
        };
    }
    return [200, [@type, 'Set-Cookie' => 'a=1', 'Set-Cookie' => 'b=2; Path=/'], ["two\n"]] if $path eq '/cookies';
    return [$1, $1 == 204 || $1 == 304 ? [] : [@type], $1 == 204 || $1 == 304 ? [] : ["status\n"]]
        if $path =~ m{^/status/(\d+)$};
    return [200, [@type], ["hello\n"]];
};
