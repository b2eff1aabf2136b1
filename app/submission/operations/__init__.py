"""Operations on subtitle files: quality control, layout, times, two languages."""
