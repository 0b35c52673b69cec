#ifndef CAIRN_AGENT_MONTH_VERSIONS_H_
#define CAIRN_AGENT_MONTH_VERSIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "agent/hash_bag.h"
#include "cairn/v1/extract.pb.h"
#include "core/base/digest.h"

namespace cairn {

// What a load makes of one month.
struct MonthChange {
  enum class Fate : uint8_t {
    kNew,
    kUnchanged,
    kKeptBack,  // too few records changed: it stays as it was
    kRevised,
    kDropped,  // no longer covered
  };
  std::string month;
  Fate fate = Fate::kNew;
  // Records that the load has and the version in force had not, and the other
  // way. An altered record is in both.
  uint64_t came = 0, went = 0;
};

// How the records of a load follow on from those that an extract held before
// (core/disclosure/eras.h says what for). A month is a version as a whole: with
// fewer than kRevisionRecords changed, all of its records stay what they were,
// and what has changed adds up until it is enough.
//
//   MonthVersions(now, key)
//   NoteOld(record)                  each of the extract before, if any
//   NoteNew(record)                  each record of the load: is it there
//                                    already?
//   Decide()                         -> changes()
//   EraOfOld(record), twice          which era it is in from now on
//   EraOfMonth, TakeNew(record)      the same, or nothing: it is there already
//   Describe(meta)                   eras, sequence, past, epoch
//
// Records are compared by a keyed hash of all that they say, so that nothing of
// one could be guessed from what is kept; none of it is.
class MonthVersions {
 public:
  // A record: its person, or nothing, and its values as MappedRow has them.
  struct Record {
    std::optional<int64_t> person;
    absl::Span<const int64_t> values;
    int era = -1;  // of an old one
  };

  // `now`: the load's meta as far as it does not follow from the records:
  // data_set, dimension, month, area, quantity, has_person, record_key_check,
  // rule. Fills its outline.
  MonthVersions(v1::ExtractMeta* now, absl::string_view agent_key);

  // First of all, one of: what was loaded before, under the same outline; or
  // what was before (empty: nothing) and was released is not to be held against
  // these records, and is only remembered.
  void Follow(const v1::ExtractMeta& before);
  void StandApart(const v1::ExtractMeta& before,
                  const std::vector<std::string>& released);

  // All old records, then all of the load. Of a record of the load that the
  // version in force has not, its hash, for TakeNew(); nothing if it is there
  // already: it need not be kept.
  void NoteOld(const Record& record);
  std::optional<uint64_t> NoteNew(const Record& record);

  // `released`: the epochs of which figures stand.
  void Decide(const std::vector<std::string>& released);
  const std::vector<MonthChange>& changes() const { return changes_; }
  // False: the same epoch goes on.
  bool is_new_epoch() const { return is_new_epoch_; }

  // Records in force first, then once more for all others: -1 in the first
  // round for those that are not, and in the second for those that are, or that
  // nothing needs any more.
  int EraOfOld(const Record& record, bool in_force);
  // Whether the second round has any record to look at.
  bool HasSuperseded() const;
  // Where the load's records of a month go; -1: the month stays as it was.
  int EraOfMonth(int month) const { return months_[month].era; }
  bool IsRevised(int month) const {
    return months_[month].fate == MonthChange::Fate::kRevised;
  }
  // Of those of a revised month, after all old records; false: it was there.
  bool TakeNew(int month, uint64_t hash);
  int months() const { return static_cast<int>(months_.size()); }
  // Position of a record's month among the months; -1: no longer covered.
  int MonthOf(const Record& record) const;
  // Of an old record's code of time: they are numbered anew where months came.
  int64_t TimeValue(int64_t old) const;
  int time_slot() const { return time_slot_; }

  // Eras that came to be the same: the one to store a record under.
  std::vector<int> FinalEras() const;
  void Describe(v1::ExtractMeta* meta) const;

 private:
  struct Month {
    std::string code;
    // Of the version in force; a record is taken when the load has it too, and
    // the rest, which went, as it is met again.
    HashBag before;
    // Of the load's that are not among them; taken as each finds its place.
    HashBag came;
    MonthChange::Fate fate = MonthChange::Fate::kNew;
    std::string digest;  // of the records that are in force from now on
    int era = -1;
  };

  uint64_t HashOf(const Record& record) const;
  bool InForce(int era) const { return eras_[era].bound_size() % 2 == 1; }
  bool IsNeeded(int era, const std::vector<std::string>& released) const;
  void CompareMonth(Month* month);
  int AddEra(const Month& month);
  int Changed(int era, absl::flat_hash_map<int, int>* to);
  static std::string DigestInForce(Month* month);
  std::string Epoch() const;

  const v1::ExtractMeta now_;
  const Pseudonymiser hasher_;
  const int time_slot_;
  std::vector<Month> months_;                     // covered, by code's number
  absl::flat_hash_map<std::string, int> number_;  // of a month's code
  std::vector<int64_t> time_value_;               // by old value
  v1::ExtractMeta before_;                        // sequence 0: nothing
  std::vector<v1::ExtractEra> eras_;
  std::vector<bool> was_in_force_, needed_;  // of the eras before
  std::vector<uint64_t> rows_;               // by era, of the old records
  absl::flat_hash_map<int, int> went_to_, came_back_to_;
  std::vector<v1::PastEpoch> past_;
  uint32_t sequence_ = 1;
  bool is_new_epoch_ = true;
  std::vector<MonthChange> changes_;
};

// Digest of what a record's columns mean (ExtractMeta.outline).
std::string OutlineOf(const v1::ExtractMeta& meta);

// One sentence for each kind of thing that a load did to months, for the
// steward; empty for a first load.
std::vector<std::string> WordsOf(const std::vector<MonthChange>& changes);

}  // namespace cairn

#endif  // CAIRN_AGENT_MONTH_VERSIONS_H_
