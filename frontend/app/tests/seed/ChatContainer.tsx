// frontend/src/components/chat/ChatContainer.tsx
'use client';

import { ChatKit, useChatKit } from '@openai/chatkit-react';
import { useAuthStore } from '@/stores/authStore';
import { Button } from '@/components/ui/button';
import { MessageSquare, Settings, X } from 'lucide-react';

interface ChatContainerProps {
  onClose?: () => void;
}

export function ChatContainer({ onClose }: ChatContainerProps) {
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

  return (
    <div className="flex flex-col h-full bg-background rounded-lg border shadow-lg">
      {/* Custom Header */}
      <div className="flex items-center justify-between px-4 py-3 border-b">
        <div className="flex items-center gap-2">
          <MessageSquare className="h-5 w-5 text-primary" />
          <h2 className="font-semibold">Todo Assistant</h2>
        </div>
        <div className="flex items-center gap-2">
          <Button variant="ghost" size="icon">
            <Settings className="h-4 w-4" />
          </Button>
          {onClose && (
            <Button variant="ghost" size="icon" onClick={onClose}>
              <X className="h-4 w-4" />
            </Button>
          )}
        </div>
      </div>

      {/* ChatKit */}
      <div className="flex-1 overflow-hidden">
        <ChatKit
          control={control}
          className="h-full w-full"
        />
      </div>
    </div>
  );
}
