#ifndef CAIRN_TESTS_SUPPORT_EXAMPLE_PEOPLE_H_
#define CAIRN_TESTS_SUPPORT_EXAMPLE_PEOPLE_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/identity/person.h"
#include "core/identity/signed_question.h"
#include "gtest/gtest.h"

namespace cairn {

// Who asks and who decides in tests: a people's authority and those it vouches
// for, at one moment of a made-up day.
class ExamplePeople {
 public:
  struct Member {
    Person person;
    SecretKey key = SecretKey::Generate();
    std::string certificate;
  };

  const Member& Add(const std::string& id, const std::string& organisation,
                    std::vector<Role> roles) {
    Member member;
    member.person = {"testshire",
                     id,
                     organisation,
                     std::move(roles),
                     member.key.public_key(),
                     now - absl::Hours(24),
                     now + absl::Hours(24 * 90)};
    member.certificate = Certify(member.person);
    return members_.insert_or_assign(id, std::move(member)).first->second;
  }

  std::string Certify(const Person& person) const {
    const auto certificate = CertifyPerson(authority, person);
    EXPECT_TRUE(certificate.ok()) << certificate.status();
    return certificate.ok() ? *certificate : "";
  }

  PeopleTrust Trust() const {
    return {"testshire", authority.public_key(), nullptr};
  }

  const absl::Time now = absl::FromUnixSeconds(1'795'298'400);
  const SecretKey authority = SecretKey::Generate();

 private:
  std::map<std::string, Member> members_;
};

// A memory that forgets nothing.
class NonceSet : public NonceMemory {
 public:
  absl::StatusOr<bool> Spent(absl::string_view asker, absl::string_view nonce,
                             absl::Time) const override {
    return spent_.count({std::string(asker), std::string(nonce)}) > 0;
  }
  void Spend(const SignedQuestion& question) {
    spent_.insert({question.asker, question.nonce});
  }

 private:
  std::set<std::pair<std::string, std::string>> spent_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_EXAMPLE_PEOPLE_H_
