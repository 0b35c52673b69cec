// Reading the places CSV, and keeping the result beside the extracts.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/extract_writer.h"
#include "agent/places.h"
#include "core/base/csv_reader.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

constexpr size_t kMaxCodeBytes = 40;

// The levels of every place dimension of the catalogue, finest first, and what
// each nests in.
struct PlaceLevels {
  std::vector<std::string> variables;
  std::map<std::string, std::set<std::string>> nests_in;
};

PlaceLevels LevelsOf(const Catalogue& catalogue) {
  PlaceLevels levels;
  for (const DataSet& data_set : catalogue.data_sets) {
    for (const Dimension& dimension : data_set.dimensions) {
      if (dimension.kind != DimensionKind::kPlace) continue;
      for (const Level& level : dimension.levels) {
        const auto [at, is_new] = levels.nests_in.try_emplace(level.variable);
        at->second.insert(level.nests_in.begin(), level.nests_in.end());
        if (is_new) levels.variables.push_back(level.variable);
      }
    }
  }
  return levels;
}

std::string DidYouMean(absl::string_view text,
                       const std::vector<std::string>& names) {
  const std::string near = Nearest(text, names);
  return near.empty() ? "" : absl::StrCat("; did you mean ", near, "?");
}

}  // namespace

// One reading of one file.
class PlacesReader {
 public:
  PlacesReader(const v1::PlacesSource& source, const Catalogue& catalogue)
      : source_(source), levels_(LevelsOf(catalogue)) {}

  absl::StatusOr<std::unique_ptr<Places>> Read() {
    CAIRN_RETURN_IF_ERROR(OrderColumns());
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<CsvReader> file,
                           CsvReader::Open(source_.file(), CsvOptions()));
    CAIRN_RETURN_IF_ERROR(FindColumns(file->header()));
    std::vector<absl::string_view> fields;
    for (;;) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, file->Next(&fields));
      if (!more) break;
      CAIRN_RETURN_IF_ERROR(Add(fields, file->line()));
    }
    return Finish();
  }

 private:
  using Place = v1::PlacesMeta::Place;

  struct Column {
    const v1::PlacesSource::Column* given;
    size_t code = 0;
    int label = -1;
    // Of each coarser level: its number, and where our codes lie in it.
    std::map<int, absl::flat_hash_map<std::string, std::string>> above = {};
  };

  absl::Status Fail(absl::string_view sentence) const {
    return absl::InvalidArgumentError(
        absl::StrCat(source_.file(), ": ", sentence));
  }

  // The columns in the catalogue's order, so that the finest is first.
  absl::Status OrderColumns() {
    if (source_.column().empty()) {
      return Fail("the configuration names no column of the places file");
    }
    std::map<std::string, const v1::PlacesSource::Column*> by_variable;
    for (const auto& column : source_.column()) {
      if (levels_.nests_in.count(column.variable()) == 0) {
        return Fail(absl::StrCat(
            "column '", column.name(), "' stands for '", column.variable(),
            "', which is no level of a place in the catalogue",
            DidYouMean(column.variable(), levels_.variables)));
      }
      if (!by_variable.emplace(column.variable(), &column).second) {
        return Fail(absl::StrCat("two columns stand for ", column.variable()));
      }
    }
    for (const std::string& variable : levels_.variables) {
      const auto found = by_variable.find(variable);
      if (found != by_variable.end()) columns_.push_back({found->second});
    }
    for (Column& column : columns_) {
      const auto& coarser = levels_.nests_in[column.given->variable()];
      for (size_t l = 0; l < columns_.size(); ++l) {
        const std::string& variable = columns_[l].given->variable();
        if (coarser.count(variable) > 0) {
          column.above[static_cast<int>(l)];
        } else if (&column == &columns_[0] && l > 0) {
          return Fail(absl::StrCat(column.given->variable(),
                                   " is the finest level given, but it ",
                                   "does not nest in ", variable,
                                   "; add the column of a finer level"));
        }
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<int> Position(const std::vector<std::string>& header,
                               const std::string& name) const {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found != header.end()) {
      return static_cast<int>(found - header.begin());
    }
    return Fail(absl::StrCat("there is no column '", name, "'",
                             DidYouMean(name, header)));
  }

  absl::Status FindColumns(const std::vector<std::string>& header) {
    for (Column& column : columns_) {
      CAIRN_ASSIGN_OR_RETURN(column.code,
                             Position(header, column.given->name()));
      if (!column.given->label_column().empty()) {
        CAIRN_ASSIGN_OR_RETURN(column.label,
                               Position(header, column.given->label_column()));
      }
    }
    if (!source_.population_column().empty()) {
      CAIRN_ASSIGN_OR_RETURN(population_,
                             Position(header, source_.population_column()));
    }
    for (const v1::PlacesSource::Area& area : source_.area()) {
      int level = -1;
      for (size_t l = 0; l < columns_.size(); ++l) {
        if (columns_[l].given->variable() == area.variable()) {
          level = static_cast<int>(l);
        }
      }
      if (level < 0) {
        return Fail(absl::StrCat("the area is given as ", area.variable(), " ",
                                 area.code(), ", but no column stands for ",
                                 area.variable()));
      }
      area_level_.push_back(level);
    }
    area_label_.resize(area_level_.size());
    area_found_.resize(area_level_.size());
    return absl::OkStatus();
  }

  absl::Status Add(const std::vector<absl::string_view>& fields,
                   uint64_t line) {
    Place place;
    for (const Column& column : columns_) {
      const absl::string_view code =
          absl::StripAsciiWhitespace(fields[column.code]);
      if (code.size() > kMaxCodeBytes || code == kTotal ||
          code == kOutsideCode || (code.empty() && place.code().empty())) {
        return absl::InvalidArgumentError(absl::StrCat(
            source_.file(), ":", line, ": column '", column.given->name(),
            "': the code is empty, longer than 40 bytes or a reserved word"));
      }
      place.add_code(code.empty() ? std::string(kUnknownCode)
                                  : std::string(code));
      place.add_label(column.label < 0 ? ""
                                       : std::string(absl::StripAsciiWhitespace(
                                             fields[column.label])));
    }
    NameBlanks(&place);
    CAIRN_RETURN_IF_ERROR(CheckNesting(place));
    int64_t population = -1;
    if (population_ >= 0 && !fields[population_].empty() &&
        (!absl::SimpleAtoi(fields[population_], &population) ||
         population < 0 || population > 10'000'000'000)) {
      return absl::InvalidArgumentError(absl::StrCat(
          source_.file(), ":", line, ": column '", source_.population_column(),
          "': the population is not a whole number"));
    }
    place.set_population(population);
    Keep(std::move(place));
    return absl::OkStatus();
  }

  // A place without a ward still lies in its authority: it stands in an area of
  // its own there ("U.E07000105"), so that wards nest in authorities without
  // exception and an authority is the sum of its wards.
  void NameBlanks(Place* place) const {
    for (size_t l = 0; l < columns_.size(); ++l) {
      const int level = static_cast<int>(l);
      if (place->code(level) != kUnknownCode) continue;
      for (const auto& [coarser, parents] : columns_[l].above) {
        if (place->code(coarser) == kUnknownCode) continue;
        place->set_code(level,
                        absl::StrCat(kUnknownCode, ".", place->code(coarser)));
        break;
      }
    }
  }

  absl::Status CheckNesting(const Place& place) {
    for (size_t l = 0; l < columns_.size(); ++l) {
      const std::string& fine = place.code(static_cast<int>(l));
      if (fine == kUnknownCode) continue;
      for (auto& [coarser, parents] : columns_[l].above) {
        const std::string& now = place.code(coarser);
        const auto [at, is_new] = parents.try_emplace(fine, now);
        if (is_new || at->second == now) continue;
        const std::string& variable = columns_[coarser].given->variable();
        return Fail(absl::StrCat(
            columns_[l].given->variable(), " ", fine, " lies in ", variable,
            " ", at->second, " and in ", now, ", but the catalogue says that ",
            columns_[l].given->variable(), " nests in ", variable));
      }
    }
    return absl::OkStatus();
  }

  bool InArea(const Place& place) {
    bool in = area_level_.empty();
    for (size_t a = 0; a < area_level_.size(); ++a) {
      const int level = area_level_[a];
      if (place.code(level) != source_.area(static_cast<int>(a)).code()) {
        continue;
      }
      in = true;
      area_found_[a] = true;
      area_label_[a] = place.label(level);
    }
    return in;
  }

  void Keep(Place place) {
    if (!InArea(place)) {
      outside_.resize(columns_.size());
      for (size_t l = 0; l < columns_.size(); ++l) {
        const int level = static_cast<int>(l);
        if (place.code(level) != kUnknownCode) {
          outside_[l].try_emplace(place.code(level), place.label(level));
        }
      }
      return;
    }
    const auto [at, is_new] = places_.try_emplace(place.code(0), place);
    if (is_new) return;
    // The file is finer than the levels we were told of.
    const int64_t some = place.population();
    const int64_t sum = at->second.population();
    at->second.set_population(some < 0 || sum < 0 ? -1 : sum + some);
  }

  absl::StatusOr<std::unique_ptr<Places>> Finish() {
    std::vector<std::string> words;
    for (size_t a = 0; a < area_level_.size(); ++a) {
      const auto& area = source_.area(static_cast<int>(a));
      if (!area_found_[a]) {
        return Fail(absl::StrCat("no place lies in the area ", area.variable(),
                                 " ", area.code()));
      }
      const std::string name = absl::StrCat(area.variable(), " ", area.code());
      words.push_back(area_label_[a].empty()
                          ? name
                          : absl::StrCat(area_label_[a], " (", name, ")"));
    }
    std::unique_ptr<Places> places(new Places);
    places->area_ = absl::StrJoin(words, ", ");
    places->meta_.set_area(places->area_);
    for (const Column& column : columns_) {
      places->meta_.add_variable(column.given->variable());
    }
    for (auto& [code, place] : places_) {
      *places->meta_.add_place() = std::move(place);
    }
    if (places_.empty()) return Fail("there is no place in it");
    outside_.resize(columns_.size());
    places->Index(outside_);
    return places;
  }

  const v1::PlacesSource& source_;
  PlaceLevels levels_;
  std::vector<Column> columns_;  // finest first
  int population_ = -1;
  std::vector<int> area_level_;
  std::vector<std::string> area_label_;
  std::vector<bool> area_found_;
  std::map<std::string, Place> places_;  // by finest code
  std::vector<Places::Outside> outside_;
};

absl::StatusOr<std::unique_ptr<Places>> Places::Read(
    const v1::PlacesSource& source, const Catalogue& catalogue) {
  return PlacesReader(source, catalogue).Read();
}

absl::Status SavePlaces(const Places& places, const std::string& state_dir) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<NewFile> file,
                         NewFile::Create(state_dir, "places"));
  {
    CAIRN_ASSIGN_OR_RETURN(
        const std::unique_ptr<Database> db,
        Database::Open(file->aside(), Database::Mode::kScratch));
    CAIRN_RETURN_IF_ERROR(
        WriteMeta(db.get(), "places", places.ToMeta().SerializeAsString()));
  }
  return file->Replace();
}

absl::StatusOr<std::unique_ptr<Places>> LoadPlaces(
    const std::string& state_dir) {
  const std::string path = ExtractPath(state_dir, "places");
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Database> db,
                         Database::Open(path, Database::Mode::kReadOnly));
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      db->Prepare("SELECT value FROM meta WHERE key = 'places'"));
  CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
  v1::PlacesMeta meta;
  if (!found || !meta.ParseFromString(select.Blob(0))) {
    return absl::DataLossError(
        absl::StrCat(path, ": cannot be understood; load the places again"));
  }
  return Places::FromMeta(meta);
}

}  // namespace cairn
