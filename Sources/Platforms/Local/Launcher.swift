import CLinux
import Glibc

/// `f2s launcher`: the process that starts and ends every replica of one F2S.
///
/// It has one thread and is written in C. It kills everything that it has started when F2S is gone, however that
/// happened, because F2S alone holds the other end of its socket: docs/decisions/0015.
public enum Launcher {
    /// Serves F2S on the socket that is standard input until F2S is gone, then ends this process.
    ///
    /// Must be called on the main thread before anything has started another one.
    public static func run() -> Never { exit(f2s_launcher_run()) }
}
