import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.baggage.propagation.W3CBaggagePropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Reads requests on standard input with OpenTelemetry's baggage propagator for Java, as ../read.sh says. */
final class Reader {
  public static void main(String[] arguments) throws IOException {
    var requests = new BufferedReader(new InputStreamReader(System.in, ISO_8859_1));
    for (String request; (request = requests.readLine()) != null; ) {
      System.out.println(answer(request));
    }
  }

  private static String answer(String request) {
    var extracted = W3CBaggagePropagator.getInstance().extract(Context.root(), headers(request), new Headers());
    var texts = new ArrayList<String>();
    Baggage.fromContext(extracted).forEach((key, entry) -> {
      for (var text : List.of(key, entry.getValue())) {
        texts.add(Base64.getEncoder().encodeToString(text.getBytes(UTF_8)));
      }
    });
    return String.join(" ", texts);
  }

  /** As a servlet hands them over: each line for itself, its bytes as characters. */
  private static Map<String, List<String>> headers(String request) {
    var lines = Stream.of(request.split(" ", -1)).map(line -> new String(Base64.getDecoder().decode(line), ISO_8859_1));
    return Map.of("baggage", lines.toList());
  }

  private static final class Headers implements TextMapGetter<Map<String, List<String>>> {
    @Override
    public String get(Map<String, List<String>> headers, String key) {
      return headers.getOrDefault(key, List.of()).stream().findFirst().orElse(null);
    }

    @Override
    public Iterator<String> getAll(Map<String, List<String>> headers, String key) {
      return headers.getOrDefault(key, List.of()).iterator();
    }
  }
}
