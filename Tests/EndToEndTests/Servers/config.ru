# The application for puma and WEBrick.
require "digest"

run lambda { |env|
  path = env["PATH_INFO"]
  headers = { "Content-Type" => "text/plain" }
  case path
  when "/echo"
    count = 0
    digest = Digest::MD5.new
    while (part = env["rack.input"].read(1 << 16))
      count += part.bytesize
      digest << part
    end
    [200, headers, ["#{count} #{digest.hexdigest}\n"]]
  when "/download"
    [200, headers, Enumerator.new { |body| 320.times { body << "x" * (1 << 16) } }]
  when "/cookies"
    [200, headers.merge("Set-Cookie" => "a=1\nb=2; Path=/"), ["two\n"]]
  when %r{\A/status/(\d+)\z}
    status = $1.to_i
    [204, 304].include?(status) ? [status, {}, []] : [status, headers, ["status\n"]]
  else
    [200, headers, ["hello\n"]]
  end
}
