// The library of OpenSSL 3 for TLS (libssl-dev).
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Swift does not import these macros, because they consist of other macros.
static const uint64_t optionNoRenegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t optionNoCompression = SSL_OP_NO_COMPRESSION;
static const uint64_t optionServerPreference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t optionPrioritizeChaCha = SSL_OP_PRIORITIZE_CHACHA;
static const int bioTypeSocket = BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;
static const int bioRetryFlags = BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY;
static const int bioRetryRead = BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY;
static const int bioRetryWrite = BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY;
