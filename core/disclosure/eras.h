#ifndef CAIRN_CORE_DISCLOSURE_ERAS_H_
#define CAIRN_CORE_DISCLOSURE_ERAS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace cairn {

// What a data set's records are divided into by time, for tables that were
// released before and after a load to stand in one system.
//
// An *era* is the records of one period (a month) that were in force in the
// same epochs. Each table is cut from the records of its epoch: a set of eras,
// its *span*. Whatever a table says of a stretch of time is said of a set of
// eras, so two tables speak of the same people exactly where their sets are the
// same, and of people in common where the sets meet.
//
//   epoch 1 covers January and February       span {0, 1, 2}
//   epoch 2 covers March too; in February 4 records went and 12 came
//                                             span {0, 1, 3, 4}
//   eras   0 January   1 February, stayed   2 February, went
//          3 February, came   4 March
//   January is one cell in both epochs; so is a quarter that ended before. The
//   total of epoch 1 is {0, 1} + {2}, that of epoch 2 {0, 1} + {3, 4}: what
//   came and what went are cells that nobody is shown, to be kept if small.
struct Era {
  // By time variable of the data set: the code that its records lie in.
  absl::flat_hash_map<std::string, std::string> code_of;
};
using Eras = std::vector<Era>;
using EraSet = std::vector<int>;  // positions in Eras, in order, each once

// Less than this many changed records of a month leave the whole month as it
// was, and of a cell that was shown, hide it in the next epoch: a cell may not
// tell that one of a handful of people came or went ("Releases are closed
// periods; a revision of an old one is released only where at least 10 records
// of the cell changed"; 10 is the threshold of houses that publish figures
// again and again, as ONS and UK LLC do). A record that was altered counts
// once.
inline constexpr int64_t kRevisionRecords = 10;

// Both sorted; the result too.
EraSet InBoth(const EraSet& a, const EraSet& b);
EraSet InFirstOnly(const EraSet& a, const EraSet& b);

// Of a set of eras as a code; no code of the catalogue has such a name.
std::string NameOf(const EraSet& eras);

bool IsTime(const Eras& eras, const std::string& variable);
// Those of a span that lie in a code of a time variable.
EraSet InCode(const Eras& eras, const EraSet& span, const std::string& variable,
              const std::string& code);

// The coarsest sets of which each of the given ones is a union, in the order of
// their first eras.
std::vector<EraSet> PartsOf(const std::vector<EraSet>& sets);

// By span: whether it shares records with `with`, or with another that does,
// and so on. Only those tables can tell of one another.
std::vector<bool> Connected(const EraSet& with,
                            const std::vector<EraSet>& spans);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_ERAS_H_
