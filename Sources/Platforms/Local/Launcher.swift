import CLinux
import Glibc

/// `f2s launcher`: the process that starts and ends every replica of one F2S.
///
/// The launcher has one thread and is written in C. It kills everything that it has started when F2S ends, however F2S
/// ends, because only F2S holds the other end of its socket: docs/decisions/0015.
public enum Launcher {
    /// Serves F2S on the socket that is standard input until F2S has ended, then ends this process.
    ///
    /// It must be called on the main thread before another thread is started.
    public static func run() -> Never { exit(f2s_launcher_run()) }
}
