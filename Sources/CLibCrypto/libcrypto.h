// The library of OpenSSL 3 (libssl-dev).
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
