// frontend/src/components/chat/FloatingChat.tsx
'use client';

import { useState } from 'react';
import { ChatKit, useChatKit } from '@openai/chatkit-react';
import { useAuthStore } from '@/stores/authStore';
import { Button } from '@/components/ui/button';
import { MessageCircle, X } from 'lucide-react';

export function FloatingChat() {
  const [isOpen, setIsOpen] = useState(false);
  const { user, token, isAuthenticated } = useAuthStore();

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

  if (!isAuthenticated) return null;

  return (
    <>
      {/* Floating Button */}
      <Button
        onClick={() => setIsOpen(!isOpen)}
        className="fixed bottom-6 right-6 h-14 w-14 rounded-full shadow-lg z-50"
        size="icon"
      >
        {isOpen ? (
          <X className="h-6 w-6" />
        ) : (
          <MessageCircle className="h-6 w-6" />
        )}
      </Button>

      {/* Chat Window */}
      {isOpen && (
        <div className="fixed bottom-24 right-6 w-[380px] h-[600px] z-50 shadow-2xl rounded-lg overflow-hidden border bg-background">
          <ChatKit
            control={control}
            className="h-full w-full"
          />
        </div>
      )}
    </>
  );
}
