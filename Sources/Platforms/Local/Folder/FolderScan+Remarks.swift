import F2SModel

extension FolderScan {
    /// Names in one remark.
    private static let remarkNamesMax = 3

    /// What is to be said about the folder itself.
    /// - Parameter wasThere: whether the folder has ever been there.
    func remarks(folder: String, _ options: LocalOptions, wasThere: Bool) -> [Refusal] {
        var remarks: [Refusal] = []
        for (path, reason) in unreadable.sorted(by: { $0.key < $1.key }) {
            // A folder that has never been there is one that nobody has needed yet.
            if path.isEmpty, isMissing, !wasThere { continue }
            let place = path.isEmpty ? folder : path
            remarks.append(
                Refusal(
                    place: place,
                    message: "the folder cannot be read (\(reason)): its functions stay as they were"))
        }
        if isCut {
            remarks.append(
                Refusal(
                    place: folder,
                    message: "the folder holds more than \(options.filesMax) manifest files, \(options.entriesMax) "
                        + "entries, \(options.foldersMax) folders or \(options.foldersDepthMax) levels of folders: the "
                        + "rest is not read, and functions that were read before stay. Name in "
                        + "\(IgnoreRules.fileName) what holds no manifests"))
        }
        for name in unnamable.sorted().prefix(20) {
            remarks.append(Refusal(place: name, message: "the name is not UTF-8, so it is not read: rename it"))
        }
        if !outside.isEmpty {
            let names = outside.sorted().prefix(Self.remarkNamesMax).joined(separator: ", ")
            let more = outside.count > Self.remarkNamesMax ? " and \(outside.count - Self.remarkNamesMax) more" : ""
            remarks.append(
                Refusal(
                    place: folder,
                    message: "\(names)\(more): leads out of the folder or to another file system, so it is not read. "
                        + "To read it, set f2s.follow_links to true"))
        }
        return remarks
    }
}
