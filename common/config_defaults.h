/* Configuration before anyone has said anything; JSON texts. */
#ifndef COMMON_CONFIG_DEFAULTS_H
#define COMMON_CONFIG_DEFAULTS_H

extern const char config_defaults[];
extern const char config_dev_defaults[]; /* laid on them with -dev */

#endif
