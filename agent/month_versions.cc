#include "agent/month_versions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/disclosure/eras.h"

namespace cairn {
namespace {

using Fate = MonthChange::Fate;

constexpr char kHashLabel[] = "cairn/record-version/1 ";

void Append(int64_t number, std::string* bytes) {
  const auto bits = static_cast<uint64_t>(number);
  for (int i = 0; i < 8; ++i) {
    bytes->push_back(static_cast<char>(bits >> (8 * i)));
  }
}

void AddPiece(absl::string_view piece, Sha256Stream* stream) {
  stream->Add(absl::StrCat(piece.size(), ":"));
  stream->Add(piece);
}

bool IsMonths(const v1::ExtractDimension& dimension,
              const v1::ExtractMeta& meta) {
  // The one dimension that holds the months covered, and U at most.
  const auto& months = meta.month();
  return !months.empty() && !dimension.multi_valued() &&
         std::find(dimension.code().begin(), dimension.code().end(),
                   months[0]) != dimension.code().end();
}

// Position of the dimension of time; -1: there is none.
int TimeSlot(const v1::ExtractMeta& meta) {
  for (int d = 0; d < meta.dimension_size(); ++d) {
    if (IsMonths(meta.dimension(d), meta)) return d;
  }
  return -1;
}

}  // namespace

std::string OutlineOf(const v1::ExtractMeta& meta) {
  const int time_slot = TimeSlot(meta);
  Sha256Stream all;
  AddPiece(meta.data_set(), &all);
  AddPiece(meta.area(), &all);
  AddPiece(meta.record_key_check(), &all);
  AddPiece(meta.has_person() ? "persons" : "", &all);
  AddPiece(absl::StrJoin(meta.quantity(), ","), &all);
  for (int d = 0; d < meta.dimension_size(); ++d) {
    v1::ExtractDimension dimension = meta.dimension(d);
    if (d == time_slot) {
      dimension.clear_code();
      for (auto& up : *dimension.mutable_roll_up()) up.clear_code();
    }
    AddPiece(dimension.SerializeAsString(), &all);
  }
  // What populations are made of stands in the catalogue alone.
  AddPiece(meta.catalogue_digest(), &all);
  return Hex(all.Finish()).substr(0, 32);
}

MonthVersions::MonthVersions(v1::ExtractMeta* now, absl::string_view agent_key)
    : now_([now] {
        now->set_outline(OutlineOf(*now));
        return *now;
      }()),
      hasher_(HmacSha256(agent_key, absl::StrCat(kHashLabel, now->data_set()))),
      time_slot_(TimeSlot(now_)) {
  std::vector<std::string> codes = {""};
  if (time_slot_ >= 0) {
    const auto& held = now_.dimension(time_slot_).code();
    codes.assign(held.begin(), held.end());
  }
  for (const std::string& code : codes) {
    number_[code] = static_cast<int>(months_.size());
    months_.emplace_back();
    months_.back().code = code;
  }
}

void MonthVersions::Follow(const v1::ExtractMeta& before) {
  before_ = before;
  eras_.assign(before.era().begin(), before.era().end());
  rows_.assign(eras_.size(), 0);
  past_.assign(before.past().begin(), before.past().end());
  if (time_slot_ < 0) return;
  for (const std::string& code : before.dimension(time_slot_).code()) {
    const auto found = number_.find(code);
    time_value_.push_back(found == number_.end() ? 0 : found->second);
  }
}

void MonthVersions::StandApart(const v1::ExtractMeta& before,
                               const std::vector<std::string>& released) {
  const auto add = [this](const std::string& epoch) {
    const bool known = std::any_of(
        past_.begin(), past_.end(),
        [&epoch](const auto& past) { return past.epoch() == epoch; });
    if (known || epoch.empty()) return;
    past_.emplace_back();
    past_.back().set_epoch(epoch);
    past_.back().set_apart(true);
  };
  for (const v1::PastEpoch& past : before.past()) add(past.epoch());
  add(before.epoch());
  for (const std::string& epoch : released) add(epoch);
  for (v1::PastEpoch& past : past_) past.set_sequence(++sequence_ - 1);
  before_.set_sequence(sequence_ - 1);
}

uint64_t MonthVersions::HashOf(const Record& record) const {
  std::string bytes;
  Append(record.person.value_or(-1), &bytes);  // a pseudonym is never negative
  for (size_t i = 0; i < record.values.size(); ++i) {
    if (static_cast<int>(i) != time_slot_) Append(record.values[i], &bytes);
  }
  return hasher_.Bits(bytes);
}

int MonthVersions::MonthOf(const Record& record) const {
  if (record.era < 0) {
    return time_slot_ < 0 ? 0
                          : static_cast<int>(
                                record.values[static_cast<size_t>(time_slot_)]);
  }
  const auto found = number_.find(eras_[record.era].month());
  return found == number_.end() ? -1 : found->second;
}

int64_t MonthVersions::TimeValue(int64_t old) const {
  const auto at = static_cast<size_t>(old);
  return old >= 0 && at < time_value_.size() ? time_value_[at] : 0;
}

std::optional<uint64_t> MonthVersions::NoteNew(const Record& record) {
  const uint64_t hash = HashOf(record);
  Month& month = months_[MonthOf(record)];
  if (month.before.Take(hash)) return std::nullopt;
  month.came.Add(hash);
  return hash;
}

void MonthVersions::NoteOld(const Record& record) {
  if (!InForce(record.era)) return;
  const int month = MonthOf(record);
  if (month >= 0) months_[month].before.Add(HashOf(record));
}

void MonthVersions::CompareMonth(Month* month) {
  MonthChange change{month->code, Fate::kNew, month->came.left(),
                     month->before.left()};
  const bool known = std::any_of(
      eras_.begin(), eras_.end(), [month](const v1::ExtractEra& era) {
        return era.month() == month->code && era.bound_size() > 0;
      });
  if (known) {
    bool in_force = false;
    for (size_t e = 0; e < eras_.size(); ++e) {
      in_force = in_force || (eras_[e].month() == month->code &&
                              InForce(static_cast<int>(e)));
    }
    // One that was dropped and is back is compared with what it was.
    const uint64_t changed = std::max(change.came, change.went);
    if (!in_force || changed >= static_cast<uint64_t>(kRevisionRecords)) {
      change.fate = Fate::kRevised;
    } else {
      change.fate = changed == 0 ? Fate::kUnchanged : Fate::kKeptBack;
    }
  }
  month->fate = change.fate;
  month->digest = DigestInForce(month);
  if (change.fate != Fate::kRevised) month->before = month->came = HashBag();
  changes_.push_back(std::move(change));
}

// Over the hashes, in order, of those in force from now on.
std::string MonthVersions::DigestInForce(Month* month) {
  const bool stays =
      month->fate == Fate::kUnchanged || month->fate == Fate::kKeptBack;
  const std::vector<uint64_t>& before = month->before.InOrder();
  const std::vector<uint64_t>& came = month->came.InOrder();
  Sha256Stream all;
  std::string bytes;
  const auto add = [&](uint64_t hash) {
    Append(static_cast<int64_t>(hash), &bytes);
    if (bytes.size() < 1 << 16) return;
    all.Add(bytes);
    bytes.clear();
  };
  size_t next = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (!stays && !month->before.IsTaken(i)) continue;
    while (!stays && next < came.size() && came[next] < before[i]) {
      add(came[next++]);
    }
    add(before[i]);
  }
  while (!stays && next < came.size()) add(came[next++]);
  all.Add(bytes);
  return all.Finish();
}

bool MonthVersions::IsNeeded(int era,
                             const std::vector<std::string>& released) const {
  const auto in_force_in = [&](uint32_t sequence) {
    const auto& bounds = eras_[era].bound();
    return std::count_if(bounds.begin(), bounds.end(),
                         [sequence](uint32_t b) { return b <= sequence; }) %
               2 ==
           1;
  };
  return std::any_of(past_.begin(), past_.end(), [&](const auto& past) {
    return !past.apart() && in_force_in(past.sequence()) &&
           std::find(released.begin(), released.end(), past.epoch()) !=
               released.end();
  });
}

void MonthVersions::Decide(const std::vector<std::string>& released) {
  for (Month& month : months_) CompareMonth(&month);
  sequence_ = before_.sequence() + 1;
  bool any = before_.epoch().empty() || before_.rule() != now_.rule() ||
             before_.month_size() != now_.month_size();
  for (int m = 0; !any && m < now_.month_size(); ++m) {
    any = before_.month(m) != now_.month(m);
  }
  for (const MonthChange& change : changes_) {
    any = any || change.fate == Fate::kNew || change.fate == Fate::kRevised;
  }
  for (size_t e = 0; e < eras_.size(); ++e) {
    was_in_force_.push_back(InForce(static_cast<int>(e)));
    needed_.push_back(was_in_force_[e] ||
                      IsNeeded(static_cast<int>(e), released));
  }
  absl::flat_hash_map<std::string, bool> dropped;
  for (size_t e = 0; e < eras_.size(); ++e) {
    if (!was_in_force_[e] || number_.contains(eras_[e].month())) continue;
    eras_[e].add_bound(sequence_);
    any = true;
    if (dropped.try_emplace(eras_[e].month(), true).second) {
      changes_.push_back({eras_[e].month(), Fate::kDropped, 0, 0});
    }
  }
  is_new_epoch_ = any;
  if (!is_new_epoch_) {
    sequence_ = before_.sequence();
    return;
  }
  if (!before_.epoch().empty()) {
    v1::PastEpoch past;
    past.set_sequence(before_.sequence());
    past.set_epoch(before_.epoch());
    past_.push_back(std::move(past));
  }
  for (Month& month : months_) {
    const bool opens = month.fate == Fate::kNew || month.fate == Fate::kRevised;
    if (opens) month.era = AddEra(month);
  }
}

int MonthVersions::AddEra(const Month& month) {
  v1::ExtractEra era;
  era.set_month(month.code);
  era.add_bound(sequence_);
  if (time_slot_ >= 0) {
    const v1::ExtractDimension& time = now_.dimension(time_slot_);
    const int at = number_.at(month.code);
    const auto add = [&era](const std::string& variable,
                            const std::string& code) {
      v1::ExtractEra::In* const in = era.add_in();
      in->set_variable(variable);
      in->set_code(code);
    };
    add(time.variable(), month.code);
    for (const auto& up : time.roll_up()) add(up.variable(), up.code(at));
  }
  eras_.push_back(std::move(era));
  rows_.push_back(0);
  return static_cast<int>(eras_.size()) - 1;
}

// The era of the same records from this load on: they went, or came back.
int MonthVersions::Changed(int era, absl::flat_hash_map<int, int>* to) {
  const auto [found, fresh] = to->try_emplace(era, 0);
  if (fresh) {
    v1::ExtractEra changed = eras_[era];
    changed.add_bound(sequence_);
    eras_.push_back(std::move(changed));
    rows_.push_back(0);
    found->second = static_cast<int>(eras_.size()) - 1;
  }
  return found->second;
}

int MonthVersions::EraOfOld(const Record& record, bool in_force) {
  int era = record.era;
  if (was_in_force_[era] != in_force) return -1;
  const int number = MonthOf(record);
  if (number >= 0 && months_[number].fate == Fate::kRevised) {
    Month& month = months_[number];
    if (in_force) {
      if (month.before.Take(HashOf(record))) era = Changed(era, &went_to_);
    } else if (month.came.Take(HashOf(record))) {
      era = Changed(era, &came_back_to_);
    }
  }
  if (era == record.era && !needed_[era]) return -1;
  ++rows_[era];
  return era;
}

bool MonthVersions::TakeNew(int number, uint64_t hash) {
  Month& month = months_[number];
  if (!month.came.Take(hash)) return false;
  ++rows_[month.era];
  return true;
}

bool MonthVersions::HasSuperseded() const {
  return std::find(was_in_force_.begin(), was_in_force_.end(), false) !=
         was_in_force_.end();
}

// Where all records of an era went or came back, it is one era still.
std::vector<int> MonthVersions::FinalEras() const {
  std::vector<int> eras(eras_.size());
  for (size_t e = 0; e < eras.size(); ++e) eras[e] = static_cast<int>(e);
  for (const auto* to : {&went_to_, &came_back_to_}) {
    for (const auto& [from, era] : *to) {
      if (rows_[from] == 0) eras[era] = from;
    }
  }
  return eras;
}

// Over all that an answer can depend on. The same records have the same epoch,
// whenever they come.
std::string MonthVersions::Epoch() const {
  Sha256Stream all;
  AddPiece(now_.outline(), &all);
  AddPiece(now_.rule(), &all);
  AddPiece(absl::StrJoin(now_.month(), ","), &all);
  for (const Month& month : months_) {
    AddPiece(month.code, &all);
    AddPiece(month.digest, &all);
  }
  return Hex(all.Finish()).substr(0, 16);
}

void MonthVersions::Describe(v1::ExtractMeta* meta) const {
  meta->set_sequence(sequence_);
  meta->set_epoch(is_new_epoch_ ? Epoch() : before_.epoch());
  std::vector<v1::ExtractEra> eras = eras_;
  const std::vector<int> final_eras = FinalEras();
  for (size_t e = 0; e < eras.size(); ++e) {
    if (final_eras[e] == static_cast<int>(e)) continue;
    eras[final_eras[e]] = eras[e];
    eras[e].clear_bound();
  }
  for (size_t e = 0; e < was_in_force_.size(); ++e) {
    const auto month = number_.find(eras[e].month());
    const bool empty =
        was_in_force_[e] && rows_[e] == 0 && eras[e].bound_size() % 2 == 1 &&
        month != number_.end() && months_[month->second].fate == Fate::kRevised;
    if (empty) eras[e].add_bound(sequence_);
  }
  for (size_t e = 0; e < needed_.size(); ++e) {
    if (!needed_[e] && rows_[e] == 0 && final_eras[e] == static_cast<int>(e) &&
        eras[e].bound_size() % 2 == 0) {
      eras[e].clear_bound();
    }
  }
  // A month that is covered is there, even with nobody in it.
  for (const Month& month : months_) {
    if (month.era < 0 || month.fate != Fate::kRevised) continue;
    const bool other =
        std::any_of(eras.begin(), eras.end(), [&](const v1::ExtractEra& era) {
          return era.month() == month.code && era.bound_size() % 2 == 1 &&
                 &era != &eras[month.era];
        });
    if (other && rows_[month.era] == 0) eras[month.era].clear_bound();
  }
  for (v1::ExtractEra& era : eras) *meta->add_era() = std::move(era);
  for (const v1::PastEpoch& past : past_) *meta->add_past() = past;
}

std::vector<std::string> WordsOf(const std::vector<MonthChange>& changes) {
  std::map<Fate, std::vector<std::string>> months;
  for (const MonthChange& change : changes) {
    months[change.fate].push_back(change.month);
  }
  std::vector<std::string> words;
  if (months.size() == 1 && months.count(Fate::kNew) > 0) return words;
  const auto count = [](size_t n, absl::string_view what) {
    return absl::StrCat(n, " ", what, n == 1 ? "" : "s");
  };
  const auto list = [&](Fate fate, absl::string_view what) {
    if (months[fate].empty()) return;
    words.push_back(absl::StrCat(count(months[fate].size(), "month"), " ", what,
                                 ": ", absl::StrJoin(months[fate], ", ")));
  };
  list(Fate::kNew, "new");
  if (!months[Fate::kUnchanged].empty()) {
    words.push_back(absl::StrCat(
        count(months[Fate::kUnchanged].size(), "month"), " unchanged"));
  }
  std::vector<std::string> revised;
  for (const MonthChange& change : changes) {
    const std::string of = count(std::max(change.came, change.went), "record");
    if (change.fate == Fate::kRevised) {
      revised.push_back(absl::StrCat(change.month, " (", of, " changed)"));
    } else if (change.fate == Fate::kKeptBack) {
      words.push_back(absl::StrCat(
          of, " of ", change.month, " changed; a closed month is revised from ",
          kRevisionRecords,
          " changed records on, so its figures stay as released"));
    }
  }
  if (!revised.empty()) {
    words.push_back(absl::StrCat(count(revised.size(), "month"),
                                 " revised: ", absl::StrJoin(revised, ", "),
                                 "; figures are told anew where at least ",
                                 kRevisionRecords,
                                 " records of a cell changed"));
  }
  list(Fate::kDropped, "no longer covered (what was released of them stands)");
  return words;
}

}  // namespace cairn
