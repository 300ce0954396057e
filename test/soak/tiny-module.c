/* A module that does nothing but be there: it asks the server for the one function that it needs by name. */
#include <stddef.h>

typedef int (*get_api)(const char *name, void *function);
typedef int (*set_attributes)(void *context, const char *name, int version, int api);

int RedisModule_OnLoad(void *context, void **arguments, int count) {
  get_api get = ((get_api *)context)[0];
  set_attributes set = NULL;
  (void)arguments;
  (void)count;
  if (get("RedisModule_SetModuleAttribs", (void *)&set) != 0 || set == NULL) return 1;
  set(context, "tiny", 1, 1);
  return 0;
}
