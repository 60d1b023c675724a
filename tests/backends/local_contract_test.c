#include "tests/backends/support/contract.h"
#include "tests/backends/support/folder.h"

static const struct subject subject = { "local", folder_new, folder_remove };

#define SENTENCE(name, sentence)   \
    static void name(void)         \
    {                              \
        contract_##name(&subject); \
    }
#include "tests/backends/support/contract.def"

static const struct test tests[] = {
#define SENTENCE(name, sentence) { sentence, name },
#include "tests/backends/support/contract.def"
};

TEST_MAIN(tests)
