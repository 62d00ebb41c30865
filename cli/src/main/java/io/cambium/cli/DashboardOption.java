package io.cambium.cli;

import io.cambium.lab.live.Dashboard;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that serves a run's page while a command runs. */
final class DashboardOption implements AutoCloseable {

  @Option(
      names = "--dashboard",
      arity = "0..1",
      fallbackValue = "" + Dashboard.DEFAULT_PORT,
      paramLabel = "PORT",
      description =
          "Serve a page with live curves to browsers on this machine (port without a value:"
              + " ${FALLBACK-VALUE}; 0: any that is free).")
  private @Nullable Integer port;

  private @Nullable Dashboard dashboard;

  /** Serves a run, if asked to, and says where. */
  DashboardOption serve(Path run, Consumer<String> say) {
    if (port != null) {
      dashboard = Dashboard.open(port, run);
      say.accept("dashboard: " + dashboard.address());
    }
    return this;
  }

  boolean isServing() {
    return dashboard != null;
  }

  @Override
  public void close() {
    if (dashboard != null) {
      dashboard.close();
    }
  }
}
