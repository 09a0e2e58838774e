#include "scenario/sections.h"

namespace rehang {
namespace {

std::optional<JsonValue> maybe_json(Fields& fields, const std::string& key, Problems& problems) {
    const TomlEntry* entry = fields.find(key);
    return entry ? std::optional(json_value(entry->node, problems)) : std::nullopt;
}

QmpCommandDecl read_command(Fields& fields, Problems& problems) {
    QmpCommandDecl command;
    command.at = fields.at();
    command.execute = fields.text("execute");
    fields.table("arguments", [](Fields& arguments) { arguments.allow_everything(); });
    command.arguments = maybe_json(fields, "arguments", problems);
    command.expect = maybe_json(fields, "expect", problems);
    command.error = fields.maybe_text("error");
    if (command.expect && command.error)
        problems.error(command.error->at, "an answer is either \"expect\" or \"error\", not both");
    return command;
}

}  // namespace

QmpDecl read_qmp(Fields& fields, Problems& problems) {
    QmpDecl qmp;
    qmp.at = fields.at();
    qmp.socket = fields.text("socket");
    qmp.limit = fields.maybe_duration("limit");
    qmp.pidfile = fields.maybe_text("pidfile");
    fields.required_tables("say",
                           [&](Fields& command) { qmp.say.push_back(read_command(command, problems)); });
    return qmp;
}

}  // namespace rehang
