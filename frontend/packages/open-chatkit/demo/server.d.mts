import type { InlineConfig, ViteDevServer } from "vite";

export function createDemoServer(port: number, more?: InlineConfig): Promise<ViteDevServer>;
