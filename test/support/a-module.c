/*
 * A module that has a name and nothing else. A server hands the way to its functions over as the first word of the
 * context (REDISMODULE_API, in every redismodule.h).
 */
int RedisModule_OnLoad(void *context, void **arguments, int count) {
  int (*get)(const char *, void *) = *(int (**)(const char *, void *))context;
  void (*describe)(void *, const char *, int, int);
  (void)arguments, (void)count;
  get("RedisModule_SetModuleAttribs", (void *)&describe);
  describe(context, "a-module", 1, 1);
  return 0;
}
