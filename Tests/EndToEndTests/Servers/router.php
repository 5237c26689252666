<?php
// The router script of PHP's built-in server.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('Content-Type: text/plain');
if ($path === '/echo') {
    $input = fopen('php://input', 'rb');
    $digest = hash_init('md5');
    $count = hash_update_stream($digest, $input);
    echo $count, ' ', hash_final($digest), "\n";
} elseif ($path === '/download') {
    for ($part = 0; $part < 320; $part++) {
        echo str_repeat('x', 1 << 16);
        flush();
    }
} elseif ($path === '/cookies') {
    setcookie('a', '1');
    setcookie('b', '2');
    echo "two\n";
} elseif (str_starts_with($path, '/status/')) {
    $status = (int) substr($path, 8);
    http_response_code($status);
    if (!in_array($status, [204, 304])) echo "status\n";
} else {
    echo "hello\n";
}
