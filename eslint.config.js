import tseslint from 'typescript-eslint'

/** `usage/` is pure: no clock, no chance (house.md, section 2). */
const pure = [
  { selector: "Identifier[name='Date']", message: 'usage/ takes instants as arguments; it has no clock.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'usage/ is pure.' },
]

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '**/dist/**',
      'data/**',
      '**/*.mjs',
      '**/*.js',
      '**/*.cjs',
      'dashboards/web/vite.config.ts',
      'test/artefacts/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './usage/tsconfig.json', './dashboards/web/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers in messages are what an error must show; `String()` around each of them hides nothing.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ['usage/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...pure],
      'no-restricted-globals': ['error', 'performance', 'setTimeout', 'clearTimeout', 'fetch', 'process'],
    },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    // In a test the assertion that follows is the reason a value is there.
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  {
    files: ['*.config.ts', 'dashboards/web/*.ts', 'test/closing-line.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
)
