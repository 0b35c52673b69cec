#ifndef CAIRN_TESTS_FUZZ_ENROLMENT_KEYS_H_
#define CAIRN_TESTS_FUZZ_ENROLMENT_KEYS_H_

// Keys that protect nothing: so that an input that was kept is read the same
// way in every run. Made with openssl for a hundred years.

namespace cairn {

// An issuing authority, which is its own root.
constexpr char kFuzzRoot[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBhDCCASugAwIBAgIUOqzHBzU/jsdOinLeWP+jOHBiKrIwCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjIyMzI1MTZaGA8yMTI2MTAyOTIzMjUx\n"
    "NlowDzENMAsGA1UEAwwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABELQ\n"
    "upofInCzKEPNlCP8KChaIqPKNNKUvmMwqWen481QLh/FyuGrY7Sr0cMemb3wMrVY\n"
    "AC6ex8ky8+Ua5j/l3X+jYzBhMB0GA1UdDgQWBBQiFyIHhk2JRDngqc6lq3Tvu7sN\n"
    "7zAfBgNVHSMEGDAWgBQiFyIHhk2JRDngqc6lq3Tvu7sN7zAPBgNVHRMBAf8EBTAD\n"
    "AQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNHADBEAiAHu6YN+5cL2UlL\n"
    "xvqVRhk9nhvdYRe8FoMHjr6wp7CG2gIgJUyDqCgMTKBjJxaSp5XlSOjZqVNB4ExP\n"
    "ZJMs7V/vT4M=\n"
    "-----END CERTIFICATE-----\n";
constexpr char kFuzzRootKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOavBLzH0WRViIkC0\n"
    "qxywhBoAOBif+SFkV+0UrWQUTUyhRANCAARC0LqaHyJwsyhDzZQj/CgoWiKjyjTS\n"
    "lL5jMKlnp+PNUC4fxcrhq2O0q9HDHpm98DK1WAAunsfJMvPlGuY/5d1/\n"
    "-----END PRIVATE KEY-----\n";

// An agent's key. The corpus has the certificate for it.
constexpr char kFuzzAgentKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzfEv6oIdlrYePSof\n"
    "ZDD/j2jfVVRn/ub1FWsMrJTggzqhRANCAARjtseFOsDNodVgb3PEHYcAhGgIKVVE\n"
    "spEbWyhUBr+q5iN47tlHOI/d66Z/mRF2pqxs8YqILiG3Mvgz63Fy+SdP\n"
    "-----END PRIVATE KEY-----\n";

}  // namespace cairn

#endif  // CAIRN_TESTS_FUZZ_ENROLMENT_KEYS_H_
