package io.cambium.lab.live;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets through what a browser on this machine, or at the other end of a tunnel, asks for by the
 * name of this machine. A page from elsewhere whose name was made to point here (DNS rebinding)
 * still sends its own name. The port may be another one, as a tunnel's is.
 */
final class LocalOnly extends Filter {

  private static final Set<String> NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

  @Override
  public String description() {
    return "reads by local names only";
  }

  @Override
  public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange.getResponseHeaders().set("Cross-Origin-Resource-Policy", "same-origin");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    if (!isLocal(exchange.getRequestHeaders().getFirst("Host"))) {
      refuse(exchange, 403);
    } else if (!exchange.getRequestMethod().equals("GET")) {
      exchange.getResponseHeaders().set("Allow", "GET");
      refuse(exchange, 405);
    } else {
      chain.doFilter(exchange);
    }
  }

  private static boolean isLocal(@Nullable String host) {
    return host != null && NAMES.contains(host.replaceFirst(":\\d*$", ""));
  }

  private static void refuse(HttpExchange exchange, int status) throws IOException {
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }
}
