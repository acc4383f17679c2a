import { defineConfig } from "vite";

process.env.VITE_CHAT_URL ??= "http://localhost:8000";

export default defineConfig({
  // The chat's default CORS_ALLOWED_ORIGINS has http://localhost:3000.
  server: {
    port: 3000,
    strictPort: true,
    proxy: { "/api": process.env.BACKEND_URL ?? "http://localhost:3001" },
  },
});
