// frontend/src/components/chat/ThemedChatKit.tsx
'use client';

import { ChatKit, useChatKit } from '@openai/chatkit-react';
import { useTheme } from 'next-themes';
import { useAuthStore } from '@/stores/authStore';

export function ThemedChatKit() {
  const { theme } = useTheme();
  const { user, token } = useAuthStore();

  const { control } = useChatKit({
    api: {
      url: `${process.env.NEXT_PUBLIC_API_URL}/api/${user?.id}/chat`,
      async getClientSecret(existing) {
        if (existing) return existing;
        const res = await fetch('/api/chatkit/session', {
          method: 'POST',
          headers: { 'Authorization': `Bearer ${token}` },
        });
        return (await res.json()).client_secret;
      },
    },
  });

  const isDark = theme === 'dark';

  return (
    <ChatKit
      control={control}
      className={`
        h-full w-full
        ${isDark ? `
          [--chatkit-bg:hsl(var(--background))]
          [--chatkit-text:hsl(var(--foreground))]
          [--chatkit-primary:hsl(var(--primary))]
          [--chatkit-border:hsl(var(--border))]
          [--chatkit-input-bg:hsl(var(--muted))]
          [--chatkit-message-user:hsl(var(--primary))]
          [--chatkit-message-assistant:hsl(var(--muted))]
        ` : `
          [--chatkit-bg:hsl(var(--background))]
          [--chatkit-text:hsl(var(--foreground))]
          [--chatkit-primary:hsl(var(--primary))]
        `}
      `}
    />
  );
}
