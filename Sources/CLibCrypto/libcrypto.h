// The library of OpenSSL 3 (libssl-dev).
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

// Swift does not import the macro, because it consists of other macros.
static const int publicKeySelection = EVP_PKEY_PUBLIC_KEY;
