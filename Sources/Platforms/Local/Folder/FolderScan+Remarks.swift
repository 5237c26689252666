import F2SModel

extension FolderScan {
    /// The maximum number of names in one remark.
    private static let remarkNamesMax = 3

    /// Returns the errors that concern the folder itself.
    /// - Parameter wasThere: True if the folder has ever existed.
    func remarks(folder: String, _ options: LocalOptions, wasThere: Bool) -> [Rejection] {
        var remarks: [Rejection] = []
        for (path, reason) in unreadable.sorted(by: { $0.key < $1.key }) {
            // A folder that has never existed was not needed yet, so its absence is no error.
            if path.isEmpty, isMissing, !wasThere { continue }
            let location = path.isEmpty ? folder : path
            remarks.append(
                Rejection(
                    location: location,
                    message: "the folder cannot be read (\(reason)): its functions stay as they were"))
        }
        if isCut {
            remarks.append(
                Rejection(
                    location: folder,
                    message: "the folder holds more than \(options.filesMax) manifest files, \(options.entriesMax) "
                        + "entries, \(options.foldersMax) folders or \(options.foldersDepthMax) levels of folders: the "
                        + "rest is not read, and functions that were read before stay. List in "
                        + "\(IgnoreRules.fileName) the files and folders that hold no manifests"))
        }
        for name in unnamable.sorted().prefix(20) {
            remarks.append(Rejection(location: name, message: "the name is not UTF-8, so it is not read: rename it"))
        }
        if !outside.isEmpty {
            let names = outside.sorted().prefix(Self.remarkNamesMax).joined(separator: ", ")
            let more = outside.count > Self.remarkNamesMax ? " and \(outside.count - Self.remarkNamesMax) more" : ""
            remarks.append(
                Rejection(
                    location: folder,
                    message: "\(names)\(more): leads out of the folder or to another file system, so it is not read. "
                        + "To read it, set f2s.follow_links to true"))
        }
        return remarks
    }
}
