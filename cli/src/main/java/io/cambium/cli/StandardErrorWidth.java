package io.cambium.cli;

import java.io.IOException;
import java.util.function.IntSupplier;
import org.jline.terminal.spi.SystemStream;
import org.jline.terminal.spi.TerminalProvider;
import org.jspecify.annotations.Nullable;

/**
 * Columns of the terminal behind standard error, as they are now; 0 where there is none. Asked for
 * the first time, it loads JLine: work that is done quickly never gets there.
 */
final class StandardErrorWidth implements IntSupplier {

  private @Nullable TerminalProvider provider;

  @Override
  public int getAsInt() {
    try {
      if (provider == null) {
        provider = TerminalProvider.load("ffm");
      }
      boolean terminal = provider.isSystemStream(SystemStream.Error);
      return terminal ? Math.max(provider.systemStreamWidth(SystemStream.Error), 0) : 0;
    } catch (IOException e) {
      return 0; // a platform that JLine does not know: plain lines will do
    }
  }
}
