import CLinux
import Glibc

/// `f2s supervise -- COMMAND…`: the process between F2S and one replica.
///
/// It ends the replica with everything that descends from it when F2S is gone, however that happened, because it holds
/// the other end of a pipe that only F2S has. It passes signals on to the replica and the replica's exit status back.
public enum Supervisor {
    /// Runs a command until it and all of its descendants have ended, then ends this process with the command's exit
    /// status: 128 + signal when a signal ended it, 127 when there is no such program, 126 when it cannot be run.
    ///
    /// Must be called on the main thread before anything has started another one, with the lifeline as standard input.
    public static func run(_ command: [String]) -> Never {
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        words.append(nil)
        exit(f2s_supervise(&words))
    }
}
