#include "trace/trace-hw_arm_cca.h"
