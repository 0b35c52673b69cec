#ifndef CAIRN_CORE_AUDIT_FLAGS_H_
#define CAIRN_CORE_AUDIT_FLAGS_H_

#include <string>
#include <vector>

#include "core/output/listing.h"

namespace cairn {

// The commands of an audit, as typed: the same at an agency and at the VRU.
struct AuditFlags {
  std::string folder;  // the export to read, or to write; empty: the live log
  std::string query_id;
  std::vector<std::string> keys, logs, witnesses, older, before;
  std::string from, to, person, purpose, data_set, outcome;
  int limit = -1;  // -1: 50 in a table, else all
  bool events = false;
  std::vector<std::string> agents;  // exports to reconcile with
  std::string coordinator;          // the same, at an agency
  Destination output;
};

// `App` is CLI::App; nothing of core includes it.
template <typename App>
void AddAuditKeys(App* command, AuditFlags* flags) {
  command->add_option("--keys", flags->keys,
                      "File of keys: one a line, or the partnership's file of "
                      "ledger keys");
  command->add_option("--log", flags->logs, "Key of the log: NAME+ID+BASE64");
  command->add_option("--witness", flags->witnesses, "Key of a witness");
  command->add_option("--older", flags->older,
                      "A checkpoint you kept earlier, or the export it is in");
  command->add_option("--before", flags->before,
                      "Folder of the log that this one follows");
}

template <typename App>
void AddAuditOutput(App* command, AuditFlags* flags) {
  command->add_option("-o,--output", flags->output.format,
                      "table, csv, json, jsonl or xlsx (table on a terminal, "
                      "else csv)");
  command->add_option("--out", flags->output.file, "Write to this file");
}

template <typename App>
void AddAuditList(App* command, AuditFlags* flags) {
  command->add_option(
      "--from", flags->from,
      "From this time on: 2026-11-22 or 2026-11-22T09:06 (UTC)");
  command->add_option("--to", flags->to, "Up to and with this time");
  command->add_option("--person", flags->person, "Asked by");
  command->add_option("--purpose", flags->purpose, "Asked for");
  command->add_option("--data-set", flags->data_set, "Asked about");
  command->add_option("--outcome", flags->outcome,
                      "released, refused, failed, abandoned, open; at the VRU "
                      "complete or partial");
  command->add_option("--limit", flags->limit,
                      "At most this many, 0 for all (default: 50 in a table)");
  command->add_flag("--events", flags->events,
                    "What is about no question: terms, records loaded, peers");
  AddAuditOutput(command, flags);
}

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_FLAGS_H_
