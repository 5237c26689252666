import Glibc

/// Writes to descriptors, on threads that may block.
public enum BlockingOutput {
    /// Writes a part of the bytes, and waits until the descriptor accepts one.
    /// - Returns: The number of bytes; `nil` if the descriptor is broken.
    public static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int? {
        while true {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            default: return nil
            }
        }
    }
}
