import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";
import { Spinner } from "./spinner";

const button = cva(
  "inline-flex touch shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors duration-100 select-none disabled:opacity-45 [&_svg]:shrink-0",
  {
    variants: {
      look: {
        solid: "bg-solid text-on-solid hover:bg-solid-hover forced-colors:border",
        outline: "border border-line bg-raised text-ink shadow-low hover:bg-hover active:bg-press",
        ghost: "text-ink-2 hover:bg-hover hover:text-ink active:bg-press",
        danger: "border border-line bg-raised text-bad-ink hover:bg-bad-soft",
        link: "text-signal underline-offset-3 hover:underline",
      },
      size: {
        sm: "h-7 px-2.5 text-xs [&_svg]:size-3.5",
        md: "h-8 px-3 text-sm [&_svg]:size-4",
        lg: "h-10 px-4 text-base [&_svg]:size-4",
        icon: "size-8 [&_svg]:size-4",
        "icon-sm": "size-7 [&_svg]:size-3.5",
        inline: "h-auto min-h-0 p-0",
      },
    },
    defaultVariants: { look: "outline", size: "md" },
  },
);

type ButtonProps = ComponentProps<"button"> &
  VariantProps<typeof button> & { asChild?: boolean; busy?: boolean };

export function Button({ look, size, asChild, busy, className, children, ...props }: ButtonProps) {
  const classes = cn(button({ look, size }), className);
  if (asChild)
    return (
      <Slot.Root className={classes} {...props}>
        {children}
      </Slot.Root>
    );
  return (
    <button
      type="button"
      {...props}
      className={classes}
      disabled={busy === true || props.disabled}
      aria-busy={busy}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
