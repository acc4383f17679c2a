import {
  BookOpen,
  Briefcase,
  CalendarDays,
  ChartColumn,
  Code,
  Flag,
  Gift,
  Globe,
  GraduationCap,
  Heart,
  House,
  Inbox,
  Leaf,
  List,
  type LucideIcon,
  Music,
  NotebookText,
  Phone,
  Plane,
  ShoppingCart,
  Star,
  Wallet,
  Wrench,
  Zap,
} from "lucide-react";
import type { Color, Icon, TaskList } from "@/lib/tasks";
import { cn } from "@/lib/utils";

/** The pictures of the lists' icons. */
export const LIST_ICONS: Readonly<Record<Icon, LucideIcon>> = {
  list: List,
  briefcase: Briefcase,
  home: House,
  cart: ShoppingCart,
  heart: Heart,
  star: Star,
  book: BookOpen,
  graduation: GraduationCap,
  calendar: CalendarDays,
  plane: Plane,
  gift: Gift,
  phone: Phone,
  wallet: Wallet,
  chart: ChartColumn,
  code: Code,
  tools: Wrench,
  leaf: Leaf,
  music: Music,
  notebook: NotebookText,
  flag: Flag,
  bolt: Zap,
  globe: Globe,
};

/** The text colours of the lists' colours, with a contrast of 3:1 or more on every background. */
export const LIST_COLORS: Readonly<Record<Color, string>> = {
  gray: "text-gray-500 dark:text-gray-400",
  red: "text-red-600 dark:text-red-400",
  orange: "text-orange-600 dark:text-orange-400",
  yellow: "text-yellow-600 dark:text-yellow-400",
  green: "text-green-600 dark:text-green-400",
  teal: "text-teal-600 dark:text-teal-400",
  blue: "text-blue-600 dark:text-blue-400",
  purple: "text-purple-600 dark:text-purple-400",
  pink: "text-pink-600 dark:text-pink-400",
  brown: "text-amber-800 dark:text-amber-600",
};

/** A list's icon in its colour. */
export function ListIcon({ list, className }: { list: TaskList; className?: string }) {
  const Picture = list.icon ? LIST_ICONS[list.icon] : list.is_default ? Inbox : List;
  return (
    <Picture
      aria-hidden
      className={cn("h-4 w-4 shrink-0", list.color && LIST_COLORS[list.color], className)}
    />
  );
}
