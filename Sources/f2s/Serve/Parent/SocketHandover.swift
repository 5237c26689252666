import CLinux
import F2SDispatcher
import Glibc

/// The message from a parent to its serving process, in the form of an option's value: the process id of the parent and
/// the descriptors of the listening sockets, `parent=1,main=3,management=4,internal=5,console=6`.
struct SocketHandover: Sendable, Hashable {
    /// The parent's process id.
    var parent: pid_t
    /// The listening sockets.
    var listeners: InheritedListeners

    /// The value of the option.
    var text: String {
        let all: [(String, Int32?)] = [
            ("parent", parent), ("main", listeners.main), ("management", listeners.management),
            ("internal", listeners.internal), ("console", listeners.console),
        ]
        return all.compactMap { name, number in number.map { "\(name)=\($0)" } }.joined(separator: ",")
    }

    init(parent: pid_t, listeners: InheritedListeners) {
        self.parent = parent
        self.listeners = listeners
    }

    /// Parses the value of the option. The result is `nil` if it is malformed.
    init?(_ text: String) {
        var numbers: [Substring: Int32] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let number = Int32(pair[1]), number > 0 else { return nil }
            numbers[pair[0]] = number
        }
        guard let parent = numbers["parent"], let open = numbers["main"] else { return nil }
        self.init(
            parent: parent,
            listeners: InheritedListeners(
                main: open, management: numbers["management"], console: numbers["console"],
                internal: numbers["internal"]))
    }

    /// Takes over the sockets: child programs do not inherit them, and this process gets a signal to end when the
    /// parent ends.
    /// - Returns: False if the parent has ended already.
    func accept() -> Bool {
        for descriptor in listeners.descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return f2s_end_with_parent(parent)
    }
}
