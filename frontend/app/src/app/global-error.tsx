"use client";

import "./globals.css";
import PageError from "./error";

export default function GlobalError(props: { error: Error; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>todochat</title>
        <PageError {...props} />
      </body>
    </html>
  );
}
