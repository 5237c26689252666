import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.Executors;

/** The HTTP server of the JDK. */
public class Server {
    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", Server::handle);
        server.start();
    }

    private static void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (path.equals("/echo")) {
                MessageDigest digest = MessageDigest.getInstance("MD5");
                byte[] part = new byte[1 << 16];
                long count = 0;
                for (int read; (read = exchange.getRequestBody().read(part)) >= 0; count += read) {
                    digest.update(part, 0, read);
                }
                answer(exchange, 200, count + " " + HexFormat.of().formatHex(digest.digest()) + "\n");
            } else if (path.equals("/download")) {
                byte[] part = new byte[1 << 16];
                Arrays.fill(part, (byte) 'x');
                exchange.sendResponseHeaders(200, 0);
                for (int number = 0; number < 320; number++) exchange.getResponseBody().write(part);
            } else if (path.equals("/cookies")) {
                exchange.getResponseHeaders().add("Set-Cookie", "a=1");
                exchange.getResponseHeaders().add("Set-Cookie", "b=2; Path=/");
                answer(exchange, 200, "two\n");
            } else if (path.startsWith("/status/")) {
                answer(exchange, Integer.parseInt(path.substring(8)), "status\n");
            } else {
                answer(exchange, 200, "hello\n");
            }
        } catch (java.security.NoSuchAlgorithmException error) {
            throw new IOException(error);
        }
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        boolean hasBody = status != 204 && status != 304 && !exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, hasBody ? text.length() : -1);
        if (hasBody) exchange.getResponseBody().write(text.getBytes());
    }
}
