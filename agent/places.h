#ifndef CAIRN_AGENT_PLACES_H_
#define CAIRN_AGENT_PLACES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cairn/v1/config.pb.h"
#include "cairn/v1/extract.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// The areas an agency's records lie in, at several levels (lsoa, ward, lad..),
// from the finest. Level and code numbers are indices: of variables(), and of
// Codes(level). A place whose file has no code at a level has "U" there, and
// "U" is never an area of its own.
class Places {
 public:
  // What Find() says of a code that is not an area of ours.
  static constexpr int kNotFound = -1;
  static constexpr int kOutside = -2;  // in the file, but not in the area

  // Reads the CSV, plain or gzip, of `source`, whose path is final. Areas of
  // the configuration are joined: a place in any of them is in.
  // INVALID_ARGUMENT, naming the file (and the codes), if
  //  - a column stands for no level of a place in the catalogue,
  //  - an area of a level lies in two areas of a level that it nests in,
  //  - the finest level given does not nest in another that is given,
  //  - a place has no finest code, or a code is a reserved word,
  //  - the declared area is nowhere in the file.
  // NOT_FOUND if there is no such file.
  static absl::StatusOr<std::unique_ptr<Places>> Read(
      const v1::PlacesSource& source, const Catalogue& catalogue);

  // What ToMeta() gave. Places outside the area are then not known at all.
  // DATA_LOSS if it is not whole.
  static absl::StatusOr<std::unique_ptr<Places>> FromMeta(
      const v1::PlacesMeta& meta);
  v1::PlacesMeta ToMeta() const;

  // The levels that the file has, finest first. -1 if it has not.
  const std::vector<std::string>& variables() const { return variables_; }
  int FindVariable(absl::string_view variable) const;

  // The areas of a level inside the declared area, sorted.
  const std::vector<std::string>& Codes(int level) const {
    return levels_[level].codes;
  }
  const std::string& Label(int level, int code) const {
    return levels_[level].labels[code];
  }
  // Residents; -1 if not known of a part of it.
  int64_t Population(int level, int code) const {
    return levels_[level].population[code];
  }
  // The code, or the only area of the level with this label, in any case of
  // letters.
  int Find(int level, absl::string_view code) const;
  int FindLabel(int level, absl::string_view label) const;
  // Every code of the file, and every label that only one area of the level
  // has (in lower case), with its number or kOutside.
  using Visit = absl::FunctionRef<void(const std::string& text, int code)>;
  void ForEachCode(int level, Visit visit) const;
  void ForEachLabel(int level, Visit visit) const;
  // The code at a coarser level, which `level` must nest in; "U" if there is
  // none.
  const std::string& Above(int level, int code, int coarser) const;

  // True if an area was declared, so that there is an outside.
  bool has_area() const { return !area_.empty(); }
  // The declared area in words; empty if there is none.
  const std::string& area() const { return area_; }

 private:
  friend class PlacesReader;

  struct LevelTable {
    std::vector<std::string> codes;
    std::vector<std::string> labels;
    std::vector<int64_t> population;
    std::vector<int> place;  // an area's first finest place
    absl::flat_hash_map<std::string, int> by_code;   // with what is outside
    absl::flat_hash_map<std::string, int> by_label;  // in lower case
  };

  Places() = default;
  // From meta_; `outside[level]` are the codes and labels outside the area.
  using Outside = absl::flat_hash_map<std::string, std::string>;
  void Index(const std::vector<Outside>& outside);

  v1::PlacesMeta meta_;
  std::string area_;
  std::vector<std::string> variables_;
  std::vector<LevelTable> levels_;
};

// <state_dir>/extract/places.db: written aside, then put in place at once.
absl::Status SavePlaces(const Places& places, const std::string& state_dir);
// NOT_FOUND if none was saved; DATA_LOSS if it cannot be understood.
absl::StatusOr<std::unique_ptr<Places>> LoadPlaces(
    const std::string& state_dir);

}  // namespace cairn

#endif  // CAIRN_AGENT_PLACES_H_
