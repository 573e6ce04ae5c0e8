// CSVLogger: a line of figures per epoch, as Python's csv writes it.
#pragma once

#include "cornu/training/callback.h"

namespace cornu::callbacks {

class CORNU_API CSVLogger : public Callback {
public:
    // `append`: to a file there is; its header is kept. Throws FileError when training begins and
    // the file cannot be written.
    explicit CSVLogger(std::string filename, std::string separator = ",", bool append = false);
};

}  // namespace cornu::callbacks
