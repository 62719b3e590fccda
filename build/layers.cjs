/** The arrows of docs/architecture.md as rules: who may enter which room. Run by `npm run layers`. */
const mainRooms = '^src-main/(installed|desktop|serve|cli|console|migration|store|engine|contract)/'

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(electron|\\?)' },
    },
    {
      name: 'contract-is-pure',
      severity: 'error',
      from: { path: '^src-main/contract/' },
      to: { path: '^src-main/(?!contract/)|^src-renderer/' },
    },
    {
      name: 'contract-runs-anywhere',
      severity: 'error',
      from: { path: '^src-main/contract/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'engine-knows-only-the-contract',
      severity: 'error',
      from: { path: '^src-main/engine/' },
      to: { path: '^src-main/(desktop|serve|cli|console|migration|store)/|^src-renderer/' },
    },
    {
      name: 'store-knows-only-the-contract',
      severity: 'error',
      from: { path: '^src-main/store/' },
      to: { path: '^src-main/(desktop|serve|cli|console|migration|engine)/' },
    },
    {
      name: 'migration-knows-no-shell',
      severity: 'error',
      from: { path: '^src-main/migration/' },
      to: { path: '^src-main/(desktop|serve|cli|console)/' },
    },
    {
      name: 'console-knows-no-shell',
      severity: 'error',
      from: { path: '^src-main/console/' },
      to: { path: '^src-main/(desktop|serve|cli)/' },
    },
    {
      name: 'shells-keep-apart',
      severity: 'error',
      from: { path: '^src-main/serve/' },
      to: { path: '^src-main/(desktop|cli)/' },
    },
    {
      name: 'desktop-keeps-apart',
      severity: 'error',
      from: { path: '^src-main/desktop/' },
      to: { path: '^src-main/cli/' },
    },
    {
      name: 'only-desktop-knows-electron',
      severity: 'error',
      from: { pathNot: '^src-main/(desktop|installed)/|^test/desktop/|^build/' },
      to: { path: '(^|node_modules/)electron($|/)' },
    },
    {
      name: 'only-store-knows-sqlite',
      severity: 'error',
      from: { pathNot: '^src-main/store/' },
      to: { path: '(^|node_modules/)better-sqlite3' },
    },
    {
      name: 'window-sees-only-the-contract',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: mainRooms, pathNot: '^src-main/contract/' },
    },
    {
      name: 'product-knows-no-test',
      severity: 'error',
      from: { path: '^src-', pathNot: '\\.test\\.ts$' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types', 'svelte'],
    },
  },
}
