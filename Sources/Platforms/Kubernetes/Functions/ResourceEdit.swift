import F2SModel

/// The last change of the declaration in a resource: an annotation of F2S for changes by F2S, and the managed fields of
/// the API server for those by other clients.
enum ResourceEdit {
    /// The annotation with the last change by F2S: the generation that it produced, its time, and its caller. A change
    /// by another client leaves the annotation as it is, and produces another generation.
    static let annotation = "f2s.opensight.ch/last-edit"

    /// Returns the value of the annotation.
    static func text(generation: Int, _ edit: Function.Edit) -> String {
        var value: JSONValue = [
            "generation": .integer(Int64(generation)), "time": .string(TimeText.utc(secondsSince1970: edit.time)),
        ]
        if let user = edit.user { value["user"] = .string(user) }
        return String(decoding: value.encoded(), as: UTF8.self)
    }

    /// Returns the change that produced a generation, from the value of the annotation; `nil` if another client has
    /// produced it.
    static func edit(in text: String?, of generation: Int) -> Function.Edit? {
        guard let text, let value = try? JSONValue(decoding: Array(text.utf8)),
            value["generation"]?.integerValue == generation,
            let time = value["time"]?.text.flatMap({ TimeText.secondsSince1970($0) })
        else { return nil }
        return Function.Edit(time: time, user: value["user"]?.text)
    }

    /// Returns the last change of `spec` and `target` according to the managed fields; `nil` if they do not tell. The
    /// user is the client's own name for itself, for example `kubectl-edit`.
    /// - Parameter own: The name of F2S. Of a change by F2S, the annotation names the caller.
    static func last(of object: JSONValue, by own: String) -> Function.Edit? {
        let metadata = object["metadata"]
        let writes = (metadata?["managedFields"]?.elements ?? []).compactMap { entry -> (time: Double, name: String)? in
            let fields = entry["fieldsV1"]
            guard entry["subresource"]?.text?.isEmpty != false, fields?["f:spec"] != nil || fields?["f:target"] != nil,
                let name = entry["manager"]?.text, let time = entry["time"]?.text.flatMap({ Timestamp($0) })
            else { return nil }
            return (time.seconds, name)
        }
        guard let newest = writes.max(by: { $0.time < $1.time }) else { return nil }
        let isOwn = newest.name == own
        let caller = metadata?["annotations"]?[FunctionResource.changedByAnnotation]?.text
        return Function.Edit(time: newest.time, user: isOwn ? caller : newest.name)
    }
}
