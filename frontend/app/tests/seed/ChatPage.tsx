// frontend/src/app/chat/page.tsx
'use client';

import { ChatKit, useChatKit } from '@openai/chatkit-react';
import { useAuthStore } from '@/stores/authStore';
import { useRouter } from 'next/navigation';
import { useEffect } from 'react';

export default function ChatPage() {
  const { user, token, isAuthenticated } = useAuthStore();
  const router = useRouter();

  // Redirect if not authenticated
  useEffect(() => {
    if (!isAuthenticated) {
      router.push('/login');
    }
  }, [isAuthenticated, router]);

  const { control } = useChatKit({
    api: {
      // For self-hosted backend
      url: `${process.env.NEXT_PUBLIC_API_URL}/api/${user?.id}/chat`,

      // Token refresh handler
      async getClientSecret(existingSecret) {
        if (existingSecret) return existingSecret;

        const response = await fetch(
          `${process.env.NEXT_PUBLIC_API_URL}/api/chatkit/session`,
          {
            method: 'POST',
            headers: {
              'Authorization': `Bearer ${token}`,
              'Content-Type': 'application/json',
            },
            body: JSON.stringify({ user_id: user?.id }),
          }
        );

        if (!response.ok) {
          throw new Error('Failed to get session token');
        }

        const data = await response.json();
        return data.client_secret;
      },
    },
  });

  if (!isAuthenticated) {
    return <div>Loading...</div>;
  }

  return (
    <main className="h-screen bg-background">
      <div className="h-full max-w-4xl mx-auto">
        <ChatKit
          control={control}
          className="h-full w-full"
        />
      </div>
    </main>
  );
}
