// error: no dtype for this type
#include <cornu/tensor/dtype.h>

#ifdef MISUSE
auto dtype = cornu::dtype_of<long double>;
#else
auto dtype = cornu::dtype_of<double>;
#endif
