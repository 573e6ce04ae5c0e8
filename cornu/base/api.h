// Symbol visibility of the public API.
#pragma once

#define CORNU_API __attribute__((visibility("default")))
