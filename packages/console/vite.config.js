import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// biome-ignore lint/style/noDefaultExport: Vite asks for it
export default defineConfig({
  // Relative, so that it also works below another path of a proxy.
  base: './',
  plugins: [react()],
  resolve: { conditions: ['sluice-source', 'module', 'browser', 'production'] },
  build: {
    target: 'es2022',
    assetsDir: 'console',
    // Inlined, a file would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } },
});
