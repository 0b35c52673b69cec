#ifndef CAIRN_CORE_DISCLOSURE_CELL_KEY_H_
#define CAIRN_CORE_DISCLOSURE_CELL_KEY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/disclosure/policy.h"
#include "core/query/table.h"

namespace cairn {

// The cell key method, as an extra layer in front of hiding and rounding:
//
//   record key   64 bits of HMAC-SHA256 of the record's own identity, made at
//                load (agent/record_key.h): it outlives reloads
//   cell sum     the sum of a cell's record keys modulo 2^64 (FrequencyTable)
//   cell key     64 bits of HMAC-SHA256 of the cell sum, uniform
//   noise        the perturbation table's row of the count, at the cell key
//
// So the same records have the same noise, whatever the question, the analyst,
// the day or the epoch; and cells that differ by one record have noises that
// know nothing of each other. Sources: Fraser and Wooton (2005), Thompson,
// Broadfoot and Elazar (UNECE 2013) for the method; Giessing (PSD 2016) for
// tables by maximum entropy.
//
// The sum is keyed once more because sums of nested cells are arithmetic of
// each other: the sums of the codes add up to that of the margin. Looked up
// directly, the noises of the parts would confine the noise of the whole, and a
// difference of two cells would tell the key of the records between them. Of a
// keyed hash no such relation is left, to whoever lacks the secret.
//
// What it does not do: the noise of many different splits of the same people
// averages out. It is a layer on a finite lattice, not a defence alone.

// How likely each noise is, for each true count; the last row is for all
// greater counts.
class PerturbationTable {
 public:
  struct Step {
    int64_t noise;
    double probability;
  };
  using Row = std::vector<Step>;  // by noise, ascending

  // For each count the distribution of the most entropy among those that are
  // unbiased, have the variance, move no count by more than max_noise, and give
  // nothing below 0 nor of 1 to smallest_shown - 1. 0 stays 0.
  //
  // Where a count is so small that even the most uncertain unbiased noise has
  // less than the variance, it is that one: else most of its probability would
  // go to the two ends. A count below smallest_shown needs at least the
  // variance of going to 0 or to smallest_shown; where that is more than asked
  // for, it does just that.
  //
  // INVALID_ARGUMENT for numbers CheckPolicy refuses.
  static absl::StatusOr<PerturbationTable> Make(double variance,
                                                int64_t max_noise,
                                                int64_t smallest_shown = 1);

  // A table made elsewhere: row i is for count i. INVALID_ARGUMENT: there is no
  // row, too many of them, or CheckRow() fails.
  static absl::StatusOr<PerturbationTable> Create(std::vector<Row> rows);
  // INVALID_ARGUMENT with a sentence: a probability is below 0 or above 1, they
  // do not sum to 1 (within 1e-6), the mean is not 0 (within 1e-3), a noise is
  // there twice, goes below 0 or beyond 50, or moves 0.
  static absl::Status CheckRow(int64_t count, const Row& row);

  // The noise of a cell: `key` is uniform over all 64-bit numbers.
  int64_t NoiseOf(int64_t count, uint64_t key) const;

  const std::vector<Row>& rows() const { return rows_; }
  int64_t max_noise() const { return max_noise_; }
  // Of the last row.
  double variance() const;
  // The smallest figure above 0 that can come out.
  int64_t smallest_shown() const;

 private:
  explicit PerturbationTable(std::vector<Row> rows);

  std::vector<Row> rows_;
  // Of each row the cumulative probability of each step but the last, in units
  // of 2^-64: a step is taken where the key is below it.
  std::vector<std::vector<uint64_t>> below_;
  int64_t max_noise_ = 0;
};

// The table of a policy: the loaded one, or the one made from its numbers.
// INVALID_ARGUMENT if the policy has no noise; FAILED_PRECONDITION if it names
// a table this machine did not read (a rule that came by wire).
absl::StatusOr<std::shared_ptr<const PerturbationTable>> TableOf(
    const DisclosurePolicy& policy);

// The secrets of one data set, each made of the agent's own key (agent/loader.h
// ReadOrMakeKey) by HMAC with a label: 32 bytes.
std::string RecordKeySecret(absl::string_view agent_key,
                            absl::string_view data_set);
std::string CellKeySecret(absl::string_view agent_key,
                          absl::string_view data_set);
// Says that records' keys were made with the same agent key, and nothing else
// of it: 16 hex digits.
std::string RecordKeyCheck(absl::string_view agent_key,
                           absl::string_view data_set);

// The counts of a table with their noise, cell by cell, margins included, none
// below 0; of a table without a cell in it, nothing. `secret` is
// CellKeySecret() of the table's data set. INVALID_ARGUMENT if the table has no
// keys; else as TableOf().
absl::StatusOr<std::vector<int64_t>> PerturbCounts(
    const FrequencyTable& table, const DisclosurePolicy& policy,
    absl::string_view secret);

// The same for other figures of the same cells, such as
// table.keyed_persons. A cell has one key for all its figures: a second noise
// on (nearly) the same number could be averaged with the first.
absl::StatusOr<std::vector<int64_t>> PerturbFigures(
    const std::vector<int64_t>& figures, const std::vector<uint64_t>& keys,
    const DisclosurePolicy& policy, absl::string_view secret);

// The cell key of each sum of record keys, which is what NoiseOf() looks up.
std::vector<uint64_t> CellKeys(const std::vector<uint64_t>& sums,
                               absl::string_view secret);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_CELL_KEY_H_
