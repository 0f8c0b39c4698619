// What the verbs have in common to say of files and faults.

#include "node/inspect/state_verbs.h"

namespace flyball {

std::string StateFault::text() const {
    std::string text = file;
    if (offset) {
        text += " at " + std::to_string(*offset);
    }
    if (record) {
        text += (text.empty() ? "record " : ", record ") + std::to_string(*record);
    }
    return text + (text.empty() ? "" : ": ") + what;
}

StateFault fault_of(const JournalFault& fault) {
    return {.file = fault.file, .offset = fault.offset, .what = fault.what};
}

void write_faults(Writer& writer, const std::vector<StateFault>& faults) {
    writer.begin_array();
    for (const StateFault& fault : faults) {
        writer.begin_map();
        if (!fault.file.empty()) {
            writer.field("file", std::string_view(fault.file));
        }
        if (fault.offset) {
            writer.field("offset", *fault.offset);
        }
        if (fault.record) {
            writer.field("record", *fault.record);
        }
        writer.field("what", std::string_view(fault.what));
        writer.end_map();
    }
    writer.end_array();
}

void write_files(Writer& writer, const std::vector<StateFile>& files) {
    writer.begin_array();
    for (const StateFile& file : files) {
        writer.begin_map();
        writer.field("file", std::string_view(file.name));
        writer.field("kind", file.snapshot ? "snapshot" : "journal");
        writer.field("bytes", file.bytes);
        if (file.snapshot) {
            writer.field("through_record", file.last_record);
            writer.field("sections", file.parts);
        } else {
            writer.field("first_record", file.first_record);
            writer.field("last_record", file.last_record);
            writer.field("groups", file.parts);
        }
        writer.field("sound", file.fault.empty());
        if (!file.fault.empty()) {
            writer.field("fault", std::string_view(file.fault));
        }
        writer.end_map();
    }
    writer.end_array();
}

}  // namespace flyball
