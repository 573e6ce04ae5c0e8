// Special functions that the C library lacks, in double precision.
#pragma once

namespace cornu::native {

double digamma(double x);
double erfinv(double x);
double log_gamma(double x);  // of |gamma(x)|, safe with threads

}  // namespace cornu::native
