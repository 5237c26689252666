import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** usage: java Client get|post URL. Prefers HTTP/2, as by default, so every request offers an upgrade to h2c. */
public class Client {
    public static void main(String[] arguments) throws Exception {
        boolean isGet = arguments[0].equals("get");
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(arguments[1]));
        if (!isGet) request.POST(BodyPublishers.ofString("x".repeat(100_000)));
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        HttpResponse<byte[]> answer = client.send(request.build(), BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200) throw new IllegalStateException("status " + answer.statusCode());
        System.out.print(isGet ? String.valueOf(answer.body().length) : new String(answer.body()));
    }
}
